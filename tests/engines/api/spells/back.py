value = Suite.plan()
Suite.note({"value": value})
{"value": value}
