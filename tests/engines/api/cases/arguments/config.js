Log.info("a message", { field: 1 });
({ of: await Config.get("depth.of"), none: await Config.get("no.such", "default"), logged: true });
