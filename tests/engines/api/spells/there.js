const missing = (await Suite.plan()).filter((name) => globalThis[name] === undefined);
missing.length === 0 ? "all" : missing;
