heard = []
whole = Agent.create(model="echo/echo").invokeStream("one two", lambda chunk: heard.append(chunk["text"]))
{"success": whole["success"], "text": whole["text"], "heard": "".join(heard)}
