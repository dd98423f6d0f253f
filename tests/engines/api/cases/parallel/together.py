async def meet():
    return await Tool.aexecute("meet", parties=8)


parallel([lambda: Tool.execute("meet", parties=8)] * 4 + [meet] * 4)
