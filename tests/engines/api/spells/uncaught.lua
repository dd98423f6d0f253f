-- The error is raised in line 2, and nobody catches it.
Suite.fail(Suite.plan())
