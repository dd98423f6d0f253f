-- title: errors about models that name no provider, another key, another host
-- threat: T-SEC-2
-- verdict: ok
-- command: run
for _, config in ipairs{{model = "openai/"}, {provider = "openai"}, {model = "planted/"}, {provider = "planted", base_url = "http://evil"},
  {model = "planted/small", api_key = "x"}, {model = "nobody/x"}, {model = {provider = "planted", model_id = ("m"):rep(10000)}}} do
  local fine, problem = pcall(Agent.create, config)
  print(fine, fine and "made" or problem)
end
