print("before")
Tool.execute("secret")
