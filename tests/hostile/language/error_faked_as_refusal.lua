-- title: an error table that says that it was denied, though nothing was refused
-- threat: T-LANG-4
-- verdict: error runtime
error({kind = "denied", message = "denied", details = {}})
