// title: hooks of stack traces, to be handed the functions of the adapter
// threat: T-LANG-3
// verdict: error not_found
// never: taken
Error.prepareStackTrace = (_, sites) => { for (const site of sites) if (site.getFunction()) console.log("taken"); };
Error.stackTraceLimit = Infinity;
await Tool.execute("no-such-tool");
