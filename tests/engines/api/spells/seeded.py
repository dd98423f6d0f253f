import asyncio, datetime, os, random, secrets, time, uuid

print(random.random(), random.Random().random(), secrets.token_hex(8), os.urandom(4), uuid.uuid4(), uuid.uuid1(), tuple(
    Tool.execute("uuid-generator", {"operation": "generate"})["text"] for _ in range(2)))
print(time.time(), time.monotonic(), time.perf_counter_ns(), time.process_time(), time.ctime(), time.strftime("%c"), os.times())
print(datetime.datetime.now(), datetime.datetime.now(datetime.timezone.utc), datetime.date.today())
print(Tool.execute("datetime-handler", {"operation": "now"})["text"])
random.seed(5)
print(random.randrange(1000))
print({f"key {i * 7919 % 41}" for i in range(40)})

ended = []


async def after(seconds, word):
    await asyncio.sleep(seconds)
    ended.append(word)


async def called(word):
    ended.append(await asyncio.to_thread(Tool.execute, "give-back", {"value": word}))


await asyncio.gather(after(3000, "last"), after(1000, "first"), called("called"), called("called too"))
print(*ended, sep=", ")
answered = asyncio.create_task(called("polled"))
turns = 0
while not answered.done():
    await asyncio.sleep(0)
    turns += 1
print(turns, ended[-1])
try:
    await asyncio.wait_for(asyncio.Event().wait(), 500)
except TimeoutError:
    print("a timeout of its own", time.monotonic())
{"b": 1, "a": 2, "d": 3, "c": 4}
