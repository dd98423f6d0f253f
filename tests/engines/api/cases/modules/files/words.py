hello = "hello"
