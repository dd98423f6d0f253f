const agent = await Agent.builder().name("built").model("echo/echo").temperature(0.5).allow_tool("calculator").build();
({ name: agent.name, text: (await agent.execute("hello")).text, has: await agent.hasTool("calculator") });
