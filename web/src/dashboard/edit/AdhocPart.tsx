/** The filters that a dashboard begins with; whoever looks at it may change them above the panels. */
import { OPERATORS } from "../adhoc";
import type { AdhocFilter } from "../model";
import { DEFAULT_BUCKET } from "./builder";
import { choicesOf, Combo } from "./Combo";
import * as lists from "./lists";
import { replaced } from "./paths";
import { Tool } from "./Tool";
import type { PartProps } from "./VariableList";

export function AdhocPart({ model, set }: PartProps) {
  const filters = model.filters ?? [];
  const bucket = model["x-helio"]?.bucket ?? DEFAULT_BUCKET;
  const tags = lists.tags(bucket, "").value;
  const put = (next: readonly AdhocFilter[]): void => set({ filters: next }, `filters ${next.length}`);
  return (
    <div class="list-editor" role="group" aria-label="Filters at the beginning">
      <p class="hint">
        Filters are added to all queries of the dashboard. Those here are its beginning; none are needed.
      </p>
      {filters.map((filter, i) => (
        <div key={i} class="list-card-line">
          <Combo
            label={`Tag of filter ${i + 1}`}
            placeholder="a tag"
            value={filter.key}
            choices={choicesOf(tags.names)}
            loading={tags.loading}
            choose={(key) => put(replaced(filters, i, { ...filter, key }))}
            testid={`filter-${i + 1}-key`}
          />
          <select
            aria-label={`Comparison of filter ${i + 1}`}
            value={filter.operator}
            onChange={(event) =>
              put(replaced(filters, i, { ...filter, operator: event.currentTarget.value }))
            }
          >
            {OPERATORS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <FilterValue
            bucket={bucket}
            filter={filter}
            number={i + 1}
            put={(value) => put(replaced(filters, i, { ...filter, value }))}
          />
          <Tool label={`Remove filter ${i + 1}`} sign="×" run={() => put(replaced(filters, i, null))} />
        </div>
      ))}
      <div>
        <button
          type="button"
          class="button small"
          onClick={() => put([...filters, { key: "", operator: "=", value: "" }])}
          data-testid="filter-add"
        >
          Add a filter
        </button>
      </div>
    </div>
  );
}

function FilterValue(props: {
  bucket: string;
  filter: AdhocFilter;
  number: number;
  put: (value: string) => void;
}) {
  const { bucket, filter, number, put } = props;
  const values = lists.tagValues(bucket, "", filter.key).value;
  return (
    <Combo
      label={`Value of filter ${number}`}
      placeholder="a value"
      value={filter.value}
      choices={choicesOf(values.names)}
      loading={values.loading}
      choose={put}
      testid={`filter-${number}-value`}
    />
  );
}
