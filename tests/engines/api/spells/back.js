const value = await Suite.plan();
await Suite.note({ value });
({ value });
