package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"monitoring/storage/machine"
)

const (
	mb            = 1 << 20
	readerSeconds = 60       // that a reader's query may take
	smallestShare = 400 * mb // below this not even an idle engine with a few merges is comfortable
	largestShare  = 4096 * mb
)

// memoryBudget is 30 % of what the machine, or the container, has: the panel and its Postgres live there, too.
func memoryBudget() (int64, error) {
	total, err := machine.Memory()
	if err != nil {
		return 0, err
	}
	return share(total), nil
}

func share(total int64) int64 { return min(max(total*3/10, smallestShare), largestShare) }

// limit is a setting that a reader may lower and not raise.
type limit struct {
	name  string
	value int64
}

// readerLimits keep one reader from taking everything: a third of what the engine counts, which bounds a result that is
// not streamed as well, and a minute.
func readerLimits(memory int64) []limit {
	return []limit{
		{"max_memory_usage", engineShare(memory) / 3},
		{"max_execution_time", readerSeconds},
		{"max_threads", 2},
	}
}

// engineShare is what the engine counts itself; the rest of the budget is code that it maps, allocator slack and Go.
func engineShare(memory int64) int64 { return memory * 6 / 10 }

// writeConfig writes the engine's configuration. A single query gets two thirds of what the engine counts.
//
// The grants name no source (FILE, URL, S3, REMOTE ...), so table functions that read from elsewhere are refused, and no
// SYSTEM, so nobody can stop the engine by SQL.
func writeConfig(o options) (string, error) {
	server := engineShare(o.memory)
	users := filepath.Join(o.dir, "users.xml")
	config := fmt.Sprintf(`<clickhouse>
	<users_config>%s</users_config>
	<tmp_path>%s</tmp_path>
	<max_server_memory_usage>%d</max_server_memory_usage>
	<mark_cache_size>%d</mark_cache_size>
	<index_mark_cache_size>4194304</index_mark_cache_size>
	<uncompressed_cache_size>0</uncompressed_cache_size>
	<mmap_cache_size>100</mmap_cache_size>
	<compiled_expression_cache_size>8388608</compiled_expression_cache_size>
	<max_thread_pool_size>200</max_thread_pool_size>
	<background_pool_size>2</background_pool_size>
	<background_schedule_pool_size>4</background_schedule_pool_size>
	<background_common_pool_size>2</background_common_pool_size>
	<merge_tree>
		<number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
		<number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
		<number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
		<fsync_after_insert>1</fsync_after_insert>
		<fsync_part_directory>1</fsync_part_directory>
		<max_bytes_to_merge_at_max_space_in_pool>10737418240</max_bytes_to_merge_at_max_space_in_pool>
	</merge_tree>
</clickhouse>
`, xmlText(users), xmlText(filepath.Join(o.dir, "tmp")+"/"), server, min(64*mb, server/8))
	query := server * 2 / 3
	var constraints strings.Builder
	for _, l := range readerLimits(o.memory) {
		fmt.Fprintf(&constraints, "\t\t\t\t<%[1]s><min>1</min><max>%[2]d</max></%[1]s>\n", l.name, l.value)
	}
	profiles := fmt.Sprintf(`<clickhouse>
	<profiles>
		<default>
			<max_memory_usage>%[1]d</max_memory_usage>
			<max_bytes_before_external_group_by>%[2]d</max_bytes_before_external_group_by>
			<max_bytes_before_external_sort>%[2]d</max_bytes_before_external_sort>
			<max_threads>2</max_threads>
			<max_insert_threads>1</max_insert_threads>
			<implicit_select>0</implicit_select>
			<query_profiler_real_time_period_ns>0</query_profiler_real_time_period_ns>
			<query_profiler_cpu_time_period_ns>0</query_profiler_cpu_time_period_ns>
			<memory_profiler_step>0</memory_profiler_step>
			<log_queries>0</log_queries>
			<deduplicate_blocks_in_dependent_materialized_views>1</deduplicate_blocks_in_dependent_materialized_views>
		</default>
		<reader>
			<constraints>
%[3]s				<max_bytes_before_external_group_by><const/></max_bytes_before_external_group_by>
				<max_bytes_before_external_sort><const/></max_bytes_before_external_sort>
				<allow_introspection_functions><const/></allow_introspection_functions>
				<implicit_select><const/></implicit_select>
			</constraints>
		</reader>
	</profiles>
	<users>
		<default>
			<password></password>
			<networks><ip>::/0</ip></networks>
			<profile>default</profile>
			<quota>default</quota>
			<grants>
				<query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE DICTIONARY, CREATE TEMPORARY TABLE, DROP, TRUNCATE, OPTIMIZE, KILL QUERY, dictGet ON *.*</query>
			</grants>
		</default>
	</users>
	<quotas><default></default></quotas>
</clickhouse>
`, query, query/2, constraints.String())
	path := filepath.Join(o.dir, "config.xml")
	for _, f := range []struct{ path, text string }{{path, config}, {users, profiles}} {
		if err := os.WriteFile(f.path, []byte(f.text), 0o600); err != nil {
			return "", fmt.Errorf("write configuration: %w", err)
		}
	}
	return path, nil
}

func xmlText(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		switch r {
		case '<':
			b.WriteString("&lt;")
		case '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
