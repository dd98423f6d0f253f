let heard = "";
const agent = await Agent.create({ model: "echo/echo" });
const whole = await agent.invokeStream("one two", (chunk) => (heard += chunk.text));
({ success: whole.success, text: whole.text, heard });
