-- wants: secret 5:14 error
-- wants: secret 6:28 error
-- wants: secret 7:4 error
-- these are no secrets, but made up here
local key = "sk-proj-Zk3v9QmT2xW8bN5cR7pL"
local config = {api_key = "q9X2mVr7Kd4LzP1wBn8Y"}
-- AKIAIOSFODNN7QWERTYU
local fine = {api_key = "YOUR-API-KEY-EXAMPLE-1", token = ARGS.token, password = "a plain sentence here"}
return key, config, fine
