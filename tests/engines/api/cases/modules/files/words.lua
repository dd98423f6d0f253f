return {hello = "hello"}
