const why = "it went wrong";
// The next line fails.
throw new Error(why);
