Log.info("a message", {"field": 1})
{"of": Config.get("depth.of"), "none": Config.get("no.such", "default"), "logged": True}
