const kindOf = (seconds) => sleep(seconds).catch((error) => error.kind);
await Promise.all([kindOf(-1), kindOf("soon")])
