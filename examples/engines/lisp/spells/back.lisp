(Tool.execute "give")
