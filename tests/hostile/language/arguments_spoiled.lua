-- title: arguments that look like code, options and format strings
-- threat: T-LANG-3
-- verdict: ok
-- arguments: );os.exit(9)-- %s%n --a.b=c --__index=x --=y \xc3\xa9 --mem=1K
-- value: [");os.exit(9)--", "%s%n", "\u00e9", "c", "x"]
return {ARGS[1], ARGS[2], ARGS[3], ARGS["a.b"], ARGS.__index}
