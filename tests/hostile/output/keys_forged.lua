-- title: a value whose keys are those of the outcome, twice over
-- threat: T-OUT-2
-- verdict: ok
-- value: {"verdict": "limit", "error": {"kind": "crash"}, "$bytes": "QUFB", "__proto__": {"admin": true}}
return {verdict = "limit", error = {kind = "crash"}, ["$bytes"] = "QUFB", ["__proto__"] = {admin = true}}
