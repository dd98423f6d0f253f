await Promise.all(Array.from({ length: 8 }, () => Tool.execute("meet", { parties: 8 })));
