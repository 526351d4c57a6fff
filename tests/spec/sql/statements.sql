-- A statement a line, each compared with DuckDB over the tables that tests/parity/test_sql_statements.py makes. Rows are compared in order
-- where the statement has an order.
-- literals and types
select 1, 2.5, 0.06, 100.00, 1e3, 'text', true, false, null
select 3000000000, 123456789012345678901234567890
select date '1994-01-01', timestamp '1994-01-01 10:11:12'
select 1 + 1, 1 + 2.5, 2 * 3.0, 7 - 9, 1e0 + 1
select 1 / 2, 7 / 2, 7 // 2, -7 // 2, 7 % 3, -7 % 3
select 0.1 + 0.2, 1.5 * 1.5, 1.50 - 0.5
select -5, - 5, -(2 + 3), +4
select 2 ^ 3, 2 ** 3
select 'a' || 'b', 'a' || 1, 1 || 'a', 'a' || null::varchar
select 1 = 1, 1 <> 1, 1 != 2, 1 < 2.5, 2 >= 2, 'a' < 'B'
select true and null, false and null, true or null, not true, not null::boolean
select 1 is null, null is null, 1 is not null, 1 is distinct from null, null is not distinct from null
select 1 between 0 and 2, 3 not between 0 and 2, null between 1 and 2
select 1 in (1, 2), 3 in (1, 2), 3 not in (1, 2), 1 in (null, 1), 3 in (null, 1), 3 not in (1, null)
select case when 1 = 1 then 'a' else 'b' end, case 2 when 1 then 'x' when 2 then 'y' end, case when false then 1 end
select coalesce(null, 2, 3), nullif(1, 1), nullif(1, 2), ifnull(null, 5), if(true, 1, 2)
select cast('12' as integer), '3.5'::double, 7::varchar, 2.5::int, 1::boolean, '2024-01-02'::date
select cast(1.239 as decimal(4, 2)), cast(5 as decimal(10, 3)), 1.5::double, '1.25'::decimal(5, 2)
select try_cast('x' as integer), try_cast('7' as integer)
select date '1994-01-01' + interval '1' year, date '1994-01-31' + interval '1' month, date '1998-12-01' - interval '90' day
select date '1994-01-01' + interval 3 day, date '1994-01-01' + interval '2 weeks', timestamp '1994-01-01 00:00:00' + interval '5' hour
select date '2024-03-01' - date '2024-02-01', date '2024-03-01' + 5, date '2024-03-01' - 1
select '2024-01-01' = date '2024-01-01', date '2024-01-01' < timestamp '2024-01-01 00:00:01'
select extract(year from date '1995-05-17'), extract(month from date '1995-05-17'), extract(day from date '1995-05-17')
select extract(quarter from date '1995-05-17'), extract(week from date '1995-05-17'), extract(doy from date '1995-05-17')
select extract(dow from date '2024-01-07'), extract(isodow from date '2024-01-07'), extract(hour from timestamp '2024-01-07 11:12:13')
select year(date '1995-05-17'), month(date '1995-05-17'), day(date '1995-05-17'), date_part('year', date '1995-05-17')
select date_trunc('month', date '1995-05-17'), date_trunc('year', timestamp '1995-05-17 10:00:00')
select strftime(date '2024-01-02', '%Y/%m')
select substring('hello' from 2 for 3), substring('hello', 2), substring('hello', 0, 3), substring('hello', -3, 2), substr('hello', 1, 2)
select left('hello', 2), right('hello', 2), left('hello', -2), length('hello'), length('é')
select upper('abc'), lower('ABC'), trim('  a '), ltrim('  a '), rtrim('  a '), trim(both 'x' from 'xax'), trim('xax', 'x')
select replace('aXbX', 'X', 'y'), concat('a', null, 'b', 1), reverse('abc'), strpos('hello', 'l'), position('lo' in 'hello'), instr('hello', 'z')
select starts_with('abc', 'ab'), ends_with('abc', 'bc'), contains('abc', 'b'), regexp_matches('abc', 'b.')
select abs(-5), abs(-2.5), sign(-3), floor(-3.5), ceil(3.2), floor(2.7::double), round(2.5), round(-2.5), round(2.345, 2), round(2.5::double)
select sqrt(16), exp(0), ln(1), log10(100), pow(2, 10), mod(7, 3)
select greatest(1, 3, 2), least(3, 1, 2), greatest(1, null, 2)
select 'abc' like 'a%', 'abc' like '_b_', 'abc' not like 'b%', 'ABC' ilike 'a%', 'a%c' like 'a\%c' escape '\', 'a_c' like 'a!_c' escape '!'
select 'a\b' like 'a\b', 'abc' like '', '' like '%', null like 'a'
select 1 as a, 2 as "B c", 3 as "select"
select 1 as a, 2 as a
select 5 limit 0
-- tables
select * from t order by id
select t.* from t order by id
select id, n from t where n > 3 order by id
select id, n + 1, n * 2.5, d * 2, d * d, d + n, n - d, f * n from t order by id
select n / 2, d / 2, d / n, f / 3 from t order by id
select n // 2, n % 3, -n from t where n is not null order by id
select id from t where n = 3 or (n > 5 and s like 'm%') order by id
select id from t where not (n = 3) order by id
select id from t where n in (1, 3, 5) order by id
select id from t where n not in (1, 3, 5) order by id
select id from t where s in ('mill', 'race') order by id
select id from t where s is null order by id
select id from t where day >= date '2024-01-03' and day < date '2024-01-03' + interval '3' day order by id
select id from t where day between '2024-01-02' and '2024-01-05' order by id
select id from t where b order by id
select id from t where b is true order by id
select id from t where b is not true order by id
select id from t where d between 0.05 - 0.01 and 9.00 order by id
select id from t where d = 2.5 order by id
select id from t where f > 1 order by id
select id, extract(year from day) y, extract(month from day) m from t order by id
select id, day + interval '1' month from t order by id
select id, day - date '2024-01-01' from t order by id
select upper(s), length(s), substring(s from 1 for 2) from t order by id
select s || '-' || n from t order by id
select case when n > 3 then 'big' when n > 1 then 'mid' else 'small' end from t order by id
select case when n > 3 then n end, case when n > 3 then n else 0.5 end, case when n > 3 then d else 0 end from t order by id
select case s when 'mill' then 1 when 'race' then 2 else 3 end from t order by id
select coalesce(n, 0), coalesce(s, '?'), coalesce(d, 0), coalesce(n, d) from t order by id
select nullif(n, 3), nullif(s, 'mill') from t order by id
select cast(n as varchar), cast(d as double), cast(n as double), cast(d as integer) from t order by id
select n = 3, n <> 3, n is distinct from 3, n is not distinct from null from t order by id
select id i, n as number from t order by number, i
select * exclude (s, f) from t order by id
from t select id order by id
from t order by id limit 2
-- order and limit
select id, n from t order by n, id
select id, n from t order by n desc, id
select id, n from t order by n nulls first, id
select id, n from t order by n desc nulls first, id desc
select id, n from t order by 2, 1
select id, n from t order by n + id, id
select id from t order by s, id
select id from t order by s desc, id
select id from t order by length(s), id
select id from t order by id limit 3
select id from t order by id limit 3 offset 2
select id from t order by id offset 6
select id from t order by id desc fetch first 2 rows only
select distinct n from t order by n
select distinct n, s from t order by n, s
select distinct n % 2 as parity from t order by parity
select distinct s from t order by s desc nulls first
-- aggregates
select count(*), count(n), count(s), sum(n), sum(d), sum(f), min(n), max(n), avg(n), avg(d), avg(f) from t
select min(s), max(s), min(day), max(day), min(d), max(f) from t
select count(*), sum(n), max(s), avg(f) from t where id > 100
select count(distinct n), count(distinct s), count(distinct b) from t
select sum(n) filter (where n > 2), count(*) filter (where b), max(n) filter (where false) from t
select sum(n * 2), sum(n) * 2, sum(n) + count(*), sum(d) / count(d), 100.00 * sum(d) / sum(d * 2) from t
select sum(case when n > 2 then 1 else 0 end), sum(case when n > 2 then d else 0 end) from t
select stddev(n), variance(n), stddev_pop(n), var_pop(f) from t
select median(f), median(n) from t
select bool_and(b), bool_or(b), bool_and(n > 0) from t
select count(*) from t having count(*) > 3
select count(*) from t having count(*) > 300
select s, count(*) from t group by s order by s
select s, sum(n), min(d), avg(f) from t group by s order by s
select s, b, count(*) c from t group by s, b order by s, b
select s as name, count(*) as c from t group by name order by name
select s, count(*) from t group by 1 order by 1
select s, b, count(*) from t group by all order by s, b
select n % 2 as parity, sum(d) from t group by n % 2 order by 1
select extract(month from day) as m, count(*) from t group by extract(month from day) order by m
select n % 2 + 1, count(*) from t group by n % 2 order by 1
select s, count(*) from t group by s having count(*) > 1 order by s
select s, count(*) from t group by s having sum(n) > 3 and max(d) < 100 order by s
select s from t group by s order by count(*) desc, s
select s from t group by s order by sum(n) nulls first, s
select s, sum(n) as total from t group by s order by total desc nulls last, s
select count(*) from t group by s order by 1
select s, count(distinct n) from t group by s order by s
select s, count(n) filter (where n > 2) from t group by s order by s
select upper(s), count(*) from t group by upper(s) order by 1
select coalesce(s, '?') as k, sum(f) from t group by 1 order by 1
select max(n) - min(n) as spread from t group by b order by spread
select sum(n) from t where n > 1000 group by s
select s, day, count(*) from t group by s, day order by s, day
-- joins
select t.id, u.name from t join u on t.n = u.k order by t.id, u.name
select t.id, u.name from t inner join u on t.n = u.k and u.v > 1 order by 1, 2
select t.id, u.name from t, u where t.n = u.k order by 1, 2
select a.id, b.id from t a, t b where a.n = b.n and a.id < b.id order by 1, 2
select t.id, u.name from t left join u on t.n = u.k order by t.id, u.name
select t.id, u.name from t left join u on t.n = u.k and u.v > 1 order by t.id, u.name
select t.id, u.name from t left join u on t.n = u.k and t.id > 3 order by t.id, u.name
select t.id, u.name from t left join u on t.n = u.k where u.name is null order by t.id
select t.id, u.name from t right join u on t.n = u.k order by t.id, u.name
select t.id, u.name from t full join u on t.n = u.k order by t.id, u.name
select t.id, u.name from t full outer join u on t.n = u.k and u.v > 1 order by t.id, u.name, u.v
select count(*) from t cross join u
select count(*) from t, u
select id from t semi join u on t.n = u.k order by id
select id from t anti join u on t.n = u.k order by id
select t.id, u.name from t join u on t.n < u.k order by 1, 2
select t.id, u.name from t left join u on t.n < u.k order by 1, 2
select k, v, w from u join w using (k) order by k, v, w
select * from u join w using (k) order by k, v, w
select * from u natural join w order by k, v, w
select k, v, w from u left join w using (k) order by k, v, w
select k, v, w from u right join w using (k) order by k, v, w
select k, v, w from u full join w using (k) order by k, v, w
select u.k, w.k from u left join w using (k) order by 1, 2
select t.id, u.name, w.w from t join u on t.n = u.k join w on w.k = u.k order by 1, 2, 3
select t.id, u.name, w.w from t left join u on t.n = u.k left join w on w.k = u.k order by 1, 2, 3
select t.id from t join (select k from u where v > 1) x on x.k = t.n order by 1
select u.name, count(*) from t join u on t.n = u.k group by u.name order by u.name
select u.name, sum(t.d) from u left join t on t.n = u.k group by u.name order by u.name
select t.id, u.name from t join u on t.n + 1 = u.k order by 1, 2
select t.id, u.name from t join u on t.f = u.k order by 1, 2
select t.id, w.w from t, u, w where t.n = u.k and u.k = w.k and (t.id = 1 and w.w = 'p' or t.id = 3 and w.w = 'q') order by 1, 2
select t.id from t, u where (t.n = u.k and u.v = 1) or (t.n = u.k and u.v = 3) order by 1
-- subqueries
select id from t where n = (select max(k) from u) order by id
select id, (select max(k) from u) from t order by id
select id from t where n > (select avg(k) from u) order by id
select id from t where exists (select * from u where u.k = t.n) order by id
select id from t where not exists (select * from u where u.k = t.n) order by id
select id from t where exists (select 1 from u where u.k = t.n and u.v > t.id) order by id
select id from t where not exists (select 1 from u where u.k = t.n and u.v <> t.id) order by id
select id from t where exists (select 1 from u where u.k > t.n) order by id
select id from t where exists (select 1 from u) order by id
select id from t where exists (select 1 from u where v > 100) order by id
select id from t where n in (select k from u) order by id
select id from t where n not in (select k from u) order by id
select id from t where n not in (select k from u where k is not null) order by id
select id from t where n not in (select k from u where v > 100) order by id
select id from t where id not in (select k from u where k is not null) order by id
select id from t where n in (select k from u where u.v = t.id) order by id
select id from t where n not in (select k from u where u.v = t.id) order by id
select id, (select count(*) from u where u.k = t.n) from t order by id
select id, (select sum(v) from u where u.k = t.n) from t order by id
select id, (select coalesce(sum(v), -1) from u where u.k = t.n) from t order by id
select id, (select max(name) from u where u.k = t.n and u.v > 1) from t order by id
select id from t where (select count(*) from u where u.k = t.n) = 0 order by id
select id from t where (select count(*) from u where u.k = t.n) > 1 order by id
select id from t where n < (select sum(v) from u where u.k = t.n) order by id
select id, (select count(*) from u where u.k < t.n) from t order by id
select id, (select sum(v) from u where u.k < t.n or u.v = t.id) from t order by id
select id, (select sum(v + t.id) from u where u.k = t.n) from t order by id
select id, exists (select 1 from u where u.k = t.n) from t order by id
select id, n in (select k from u where k is not null) from t order by id
select id, n in (select k from u) from t order by id
select id, n not in (select k from u) from t order by id
select id from t where n = 1 or exists (select 1 from u where u.k = t.n) order by id
select id from t where n = 1 or n in (select k from u) order by id
select case when exists (select 1 from u where u.k = t.n) then 'yes' else 'no' end from t order by id
select s, sum(n) from t group by s having sum(n) > (select min(k) from u) order by s
select s, count(*) from t where n in (select k from u) group by s order by s
select x.s, x.c from (select s, count(*) as c from t group by s) x where x.c > 1 order by 1
select c, count(*) from (select u.k, count(t.id) from u left join t on t.n = u.k group by u.k) as x (k, c) group by c order by c
select id from t a where n = (select max(n) from t b where b.s = a.s) order by id
select id from t a where exists (select 1 from t b where b.n = a.n and b.id <> a.id) order by id
select id from t where n in (select k from u where exists (select 1 from w where w.k = u.k)) order by id
select id from t where exists (select 1 from u where u.k = t.n and exists (select 1 from w where w.k = t.n)) order by id
select id from t where exists (select 1 from u where exists (select 1 from w where w.k = u.k and w.k = t.n)) order by id
select id from t where n in (select max(k) from u group by v) order by id
select id from t where n in (select max(k) from u where v > t.id group by name) order by id
select (select 1), (select max(n) from t)
select id, (select name from u where u.k = 9) from t order by id
select id, (select name from w2 where w2.k = t.n) from t order by id
-- common tables, set operations
with x as (select id, n from t where n > 1) select * from x order by id
with x as (select s, count(*) as c from t group by s) select a.s, b.c from x a join x b on a.s = b.s order by a.s
with x (a, b) as (select id, n from t), y as (select a from x where b > 2) select * from y order by a
with x as (select 1 as a) select a, (select max(n) from t) from x
with x as (select s, sum(n) as total from t group by s) select s from x where total = (select max(total) from x)
select n from t union all select k from u order by n
select n from t union select k from u order by n
select n from t intersect select k from u order by n
select n from t except select k from u order by n
select n, s from t union select k, name from u order by 1, 2
select id from t union all select 100.5 order by 1
select n from t union select k from u except select 3 order by 1
(select id from t order by id limit 2) union all (select id from t order by id desc limit 1) order by id
select * from (select n from t union all select k from u) x order by n
values (1, 'a'), (2, 'b'), (null, 'c')
select * from (values (1, 'a'), (2, 'b')) v (x, y) order by x
select v.x + t.n from t, (values (10), (20)) v (x) where t.id < 3 order by 1
create view v as select id, n from t where n > 2; select count(*) from v
create view v (a, b) as select id, n from t; select a from v where b = 3 order by a
create or replace view v as select * from t; create view x as select * from v where id < 4; select id from x order by id
-- shapes that planners stumble over
select count(*) from t where 1 = 1
select count(*) from t where 1 = 0
select count(*) from t where null
select id from t where id = 1 and id = 2
select 1 from t where id < 3
select max(id) from (select id from t limit 3 offset 100) x
select count(*) from (select distinct n from t) x
select sum(c) from (select s, count(*) as c from t group by s) x
select a.id from (select id from (select id from t where id > 1) y where id < 5) a order by 1
select id from t where (n > 1 and s = 'mill') or (n > 1 and s = 'race') order by id
select id, id, id + 0 from t order by id
select t.id as id, u.k as id from t join u on t.n = u.k order by 1, 2
select "id", "N" from "T" order by 1
SELECT ID FROM T WHERE N > 3 ORDER BY ID -- a comment
select /* a /* nested */ comment */ 1
select id from t order by id limit 1 + 1
select count(*) as c from t group by s order by c desc, s nulls first
select a.s, a.c, b.m from (select s, count(*) c from t group by s) a, (select s, max(n) m from t group by s) b where a.s = b.s order by 1
-- windows
select id, row_number() over (order by id desc) as r, rank() over (order by s nulls first) as k, dense_rank() over (order by s nulls first) as e from t order by id
select id, percent_rank() over (order by n) as p, cume_dist() over (order by n) as c, ntile(3) over (order by id) as q from t order by id
select id, rank() over () as k, count(*) over () as c, sum(n) over () as total from t order by id
select id, sum(n) over (partition by s order by id) as running, avg(f) over (partition by s) as mean from t order by id
select id, sum(d) over (order by id rows between 1 preceding and 1 following) as near, min(d) over (order by id rows 2 preceding) as low from t order by id
select id, sum(n) over (order by n range between 2 preceding and current row) as s, count(*) over (order by n range between 1 preceding and 1 following) as c from t order by id
select id, count(n) over (order by b), max(n) over (order by b) from t order by id
select id, lag(n) over (order by id) as a, lead(n, 2) over (order by id) as b, lag(n, 1, -1) over (partition by s order by id) as c from t order by id
select id, first_value(n) over (partition by s order by id) as a, last_value(n) over (partition by s order by id) as b, last_value(id) over (partition by s order by id rows between unbounded preceding and unbounded following) as c from t order by id
select s, sum(n) as total, rank() over (order by sum(n) desc nulls last) as place, sum(sum(n)) over () as everything from t group by s order by place, s
select s, count(*) as c, row_number() over (partition by count(*) order by s) as r from t group by s order by c, s
select id, s from t qualify row_number() over (partition by s order by id) = 1 order by id
select id, row_number() over (partition by s order by id desc) as r from t where id > 1 qualify r = 1 order by id
select id, sum(n) over w as a, count(*) over w as c, row_number() over (w order by id) as r from t window w as (partition by s) order by id
select id, n - lag(n) over (order by id) + 1 as step, row_number() over (order by id) * 10 as ten from t order by id
select * from (select id, rank() over (partition by b order by f desc) as r from t) as ranked where r <= 2 order by id
select day, sum(n) filter (where id > 2) over (order by day rows unbounded preceding) as s from t order by day
select distinct s, count(*) over (partition by s) as c from t order by s
select id from t order by row_number() over (order by f desc, id)
select t.id, sum(v) over (partition by u.k order by u.v) as s from t join u on t.n = u.k order by t.id, s
select id, bool_and(b) over (order by id rows between 1 preceding and current row) as a, sum(f) over (order by id rows between current row and 2 following) as s from t order by id
select k, v, sum(v) over (order by v desc range between 1 preceding and 1 following) as s from u order by k nulls last, v
select id, avg(n) over (order by id rows between 3 preceding and 1 preceding) as a from t order by id
