/** Every transformation under Grafana's names for it, old ones too. */
import { registerTransform } from "./panel";
import { calculateField } from "./transform/calculate";
import {
  convertFieldType,
  filterByRefId,
  filterFieldsByName,
  organize,
  renameByRegex,
} from "./transform/fields";
import { groupBy, groupingToMatrix, partitionByValues, reduce } from "./transform/group";
import { concatenate, joinByField, merge, seriesToRows } from "./transform/join";
import { labelsToFields, prepareTimeSeries } from "./transform/labels";
import { filterByValue, limit, sortBy } from "./transform/rows";

registerTransform("organize", organize);
registerTransform("filterFieldsByName", filterFieldsByName);
registerTransform("filterByName", filterFieldsByName);
registerTransform("filterByRefId", filterByRefId);
registerTransform("renameByRegex", renameByRegex);
registerTransform("convertFieldType", convertFieldType);
registerTransform("filterByValue", filterByValue);
registerTransform("sortBy", sortBy);
registerTransform("limit", limit);
registerTransform("merge", merge);
registerTransform("joinByField", joinByField);
registerTransform("seriesToColumns", joinByField);
registerTransform("seriesToRows", seriesToRows);
registerTransform("concatenate", concatenate);
registerTransform("append", concatenate);
registerTransform("calculateField", calculateField);
registerTransform("reduce", reduce);
registerTransform("groupBy", groupBy);
registerTransform("groupingToMatrix", groupingToMatrix);
registerTransform("partitionByValues", partitionByValues);
registerTransform("labelsToFields", labelsToFields);
registerTransform("prepareTimeSeries", prepareTimeSeries);
