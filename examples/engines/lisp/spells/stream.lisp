(agent.stream (Agent.create (map)) "anything" (lambda (chunk) (write (get chunk "text"))))
