local why = "it went wrong"
-- The next line fails.
error(why)
