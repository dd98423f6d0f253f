import time

start = time.time()
for _ in range(24):
    time.sleep(3600)
{"start": int(start), "slept": round(time.time() - start), "zone": time.timezone}
