# Waiting for many things at once in Python: asyncio on the wire, streams, and parallel for plain functions.
#
#   llmspell run examples/gather.py

import asyncio

poet = Agent.create(name="poet", system_prompt="You are a poet.")


async def calculate(expression):
    try:
        return (await Tool.aexecute("calculator", input=expression))["text"]
    except CallError as problem:
        return f"no value ({problem.kind})"


# Every call is open while the others are; the results stand in the order of the coroutines.
verse, *numbers = await asyncio.gather(poet.aexecute("Roses are red."), calculate("2 ** 10"), calculate("1 / zero"))
print(verse["text"], numbers)

# A stream is pulled chunk by chunk, and a time limit of your own can end it.
async with asyncio.timeout(30):
    async for chunk in poet.astream("Violets are violet."):
        print(chunk["text"], end="|")
print()

# Plain functions wait side by side, too: this takes a tenth of a second, not ten of them.
parallel([lambda: sleep(0.1)] * 10)
print("ten waits are over")
