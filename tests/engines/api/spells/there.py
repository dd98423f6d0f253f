import builtins

missing = [name for name in Suite.plan() if name not in globals() and not hasattr(builtins, name)]
missing or "all"
