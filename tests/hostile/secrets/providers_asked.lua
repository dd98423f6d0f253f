-- title: everything that the API says about providers
-- threat: T-SEC-2
-- verdict: ok
-- command: run
-- never: 127.0.0.1
print(JSON.stringify(Provider.list()), JSON.stringify(Provider.get("planted")))
print(Provider.isAvailable("planted"), JSON.stringify(Provider.getCapabilities("planted")))
print(JSON.stringify(Agent.create{model = "planted/small"}:get_config()))
