local value = Suite.plan()
Suite.note({value = value})
return {value = value}
