// For bundlers; the page loads swagger-ui-bundle.js.
