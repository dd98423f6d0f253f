local start = os.time()
for _ = 1, 24 do sleep(3600) end
return {start = start, slept = os.time() - start, zone = os.time(os.date("*t", start)) - start}
