Log.info("a message", {field = 1})
return {of = Config.get("depth.of"), none = Config.get("no.such", "default"), logged = true}
