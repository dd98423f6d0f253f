for (;;) await Tool.execute("give-back").catch(() => {});
