-- title: a value of megabytes that are no text
-- threat: T-OUT-1
-- verdict: ok
return {("\xff\0"):rep(1000000), ("\x1b"):rep(1000000)}
