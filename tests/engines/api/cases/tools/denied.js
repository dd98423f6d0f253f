console.log("before");
await Tool.execute("secret");
