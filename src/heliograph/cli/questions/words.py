"""The words of each language that the shell completes and colours."""

from __future__ import annotations

from typing import Final

from heliograph.cli.questions.language import Language

_SQL: Final = """
    SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET HAVING AS AND OR NOT IN LIKE BETWEEN IS NULL DISTINCT
    JOIN LEFT ON USING UNION ALL WITH CASE WHEN THEN ELSE END ASC DESC INTERVAL CAST EXCLUDE QUALIFY
    OVER PARTITION count( sum( avg( min( max( median( stddev( quantile_cont( first( last( arg_max(
    arg_min( round( now( time_bucket( date_trunc( date_bin( epoch_ms( lag( lead( coalesce(
"""
_INFLUXQL: Final = """
    SELECT FROM WHERE GROUP BY ORDER LIMIT OFFSET SLIMIT SOFFSET INTO AS AND OR ASC DESC SHOW DATABASES
    MEASUREMENTS MEASUREMENT SERIES TAG FIELD KEYS VALUES WITH KEY CARDINALITY RETENTION POLICIES POLICY
    ON QUERIES STATS DIAGNOSTICS CREATE DATABASE DURATION DEFAULT DROP DELETE ALTER EXPLAIN time( fill(
    now( tz( count( sum( mean( median( mode( spread( stddev( integral( distinct( first( last( min( max(
    percentile( top( bottom( sample( derivative( non_negative_derivative( difference(
    non_negative_difference( cumulative_sum( moving_average( elapsed( abs( round( floor( ceil( sqrt(
    pow( exp( ln( log10(
"""
_FLUX: Final = """
    from( range( filter( aggregateWindow( window( mean( sum( count( min( max( first( last( median(
    quantile( stddev( spread( derivative( difference( increase( cumulativeSum( elapsed( movingAverage(
    group( keep( drop( rename( map( pivot( sort( limit( tail( top( bottom( distinct( unique( fill(
    union( yield( duplicate( set( buckets( import option and or not if then else exists bucket: start:
    stop: every: fn: columns: column: createEmpty: true false r._measurement r._field r._value r._time
"""
WORDS: Final = {
    Language.SQL: tuple(_SQL.split()),
    Language.INFLUXQL: tuple(_INFLUXQL.split()),
    Language.FLUX: tuple(_FLUX.split()),
}
