-- Tables are heaps here: rows stand in the order in which they come already.
SELECT 1;
