import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules"] },
  {
    files: ["src/**/*.{ts,tsx}", "test/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", 300],
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Reading a signal's value subscribes to it: `void signal.value` has a meaning.
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-imports": [
        "error",
        {
          paths: [{ name: "uplot", message: "Only the modules that draw may import uPlot." }],
        },
      ],
    },
  },
  {
    files: [
      "src/plot.ts",
      "src/dashboard/canvas.ts",
      "src/dashboard/canvasOptions.ts",
      "src/topics/LineChart.tsx",
    ],
    rules: { "no-restricted-imports": "off" },
  },
);
