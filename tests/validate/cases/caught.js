// wants: unknown-tool 3:20 note
// wants: unknown-tool 4:26 note
await Tool.execute("nobody", {}).catch(() => null);
try { await Tool.execute("nobody", {}); } catch { console.log("no"); }
