(try (Tool.execute "give") (e) (get e "kind"))
