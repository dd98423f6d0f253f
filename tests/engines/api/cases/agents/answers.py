agent = Agent.create(model="echo/echo", name="one")
answer = agent.execute("hi")
agent.set_state({"seen": 1})
{
    "text": answer["text"],
    "model": "echo" if "echo" in answer["metadata"]["model"] else answer["metadata"]["model"],
    "again": agent.execute(text="hi again")["text"],
    "state": agent.get_state(),
    "same": Agent.get("one").name,
    "listed": [str(each) for each in Agent.list()],
}
