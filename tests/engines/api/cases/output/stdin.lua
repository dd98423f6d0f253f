return {io.read(), io.read()}
