-- title: an error with a message of ten megabytes
-- threat: T-LANG-4
-- verdict: error runtime
error(("long "):rep(2 << 20))
