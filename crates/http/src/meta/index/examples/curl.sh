curl -s 'http://localhost:8080/api/v1/partnerships?country=ZM&status=active&fields=title,start'
