# wants: secret 2:10 error
token = "ghp_a8Kd02mZq7Lx5Wv1Tb9Rn3Yc6Pf4Hj0Es2Gu"
hint = "api_key = <your key>"
