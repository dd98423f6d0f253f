-- wants: control-character 2:8 error
-- niceprint("evil")
	return "\27[0m\r"
