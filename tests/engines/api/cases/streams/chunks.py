chunks = list(Agent.create(model="echo/echo").stream("one two three"))
{
    "text": "".join(chunk["text"] for chunk in chunks),
    "several": len(chunks) > 1,
    "last": chunks[-1]["is_final"],
}
