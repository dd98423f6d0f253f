(parallel (Tool.execute "give") (Tool.execute "give"))
