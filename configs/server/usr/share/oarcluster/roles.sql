-- The roles' passwords (oar and oar_ro) as SCRAM verifiers (RFC 5802) with a fixed salt,
-- for PostgreSQL takes a random one. The rewritten table keeps nothing of those.
ALTER ROLE oar PASSWORD 'SCRAM-SHA-256$4096:b2FyY2x1c3RlciAtIG9hcg==$3hUchjzWbenOfh/rQoScVT7JcWLo36NeynWUj0ye2ZU=:Lm/v4mx3qDDJhwMMz0jYES1zYAVyCyfZ1T777LOESt4=';
ALTER ROLE oar_ro PASSWORD 'SCRAM-SHA-256$4096:b2FyY2x1c3RlciBvYXJybw==$FM9rBsqP0IpIf+LwaNlw1kTQP5l/x6gPrbPLqQLBsNI=:9oflReyYZ7cUIzeCQ8dw2MZFgcF4d+cpZ5HeYfz9UCE=';
VACUUM (FULL, FREEZE) pg_authid;
