window.ui = SwaggerUIBundle({
  // Absolute, because links in the document are resolved against it.
  url: new URL("./openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  // No bar for loading other documents. Tags are opened one by one, and there is no list of all schemas: what is not
  // shown takes no time.
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // By default, Swagger UI calls a validator on the internet.
  validatorUrl: "none",
});
