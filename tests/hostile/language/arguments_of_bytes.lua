-- title: an argument that is no text
-- threat: T-LANG-3
-- verdict: ok
-- arguments: \xff\xfe\x80
return type(ARGS[1])
