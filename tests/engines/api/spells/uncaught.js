// The error is raised in line 2, and nobody catches it.
await Suite.fail(await Suite.plan());
